/** The text of the settings file as it is being typed; kept while another view is looked at. */
export const settingsDraft = $state<{ text: string | null }>({ text: null })

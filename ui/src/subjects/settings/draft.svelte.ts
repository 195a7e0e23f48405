/**
 * The text of the settings file as it is being typed, and the text of the file that it began from; kept while another view
 * is looked at.
 */
export const settingsDraft = $state<{ text: string | null; base: string }>({ text: null, base: '' })

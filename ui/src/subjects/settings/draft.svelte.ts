/**
 * The edited text of the settings file and the text it started from. Retained while another view is
 * shown.
 */
export const settingsDraft = $state<{ text: string | null; base: string }>({ text: null, base: '' })

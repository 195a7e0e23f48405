import { saveFile } from '@/backend'
import { toasts } from '@/kit/toast.svelte'

interface Texts {
  /** Follows the name of the saved file. */
  note?: string
  failure: string
}

/** Saves the file that a command returns, and reports the outcome. */
export async function saveAndReport(
  { note = '', failure }: Texts,
  ...file: Parameters<typeof saveFile>
): Promise<void> {
  try {
    const where = await saveFile(...file)
    if (where !== null) toasts.show(`Saved ${where}${note}`)
  } catch (thrown) {
    toasts.fail(thrown, failure)
  }
}

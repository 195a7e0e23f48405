import { call } from '@/backend'

/** Bytes that are in memory at a time. The engine confirms them before the next ones are read. */
const PART_BYTES = 1 << 20

/** Returns the bytes of a blob as base64. */
async function base64(part: Blob): Promise<string> {
  const reader = new FileReader()
  const read = new Promise<string>((resolve, reject) => {
    reader.onload = () => resolve(String(reader.result))
    reader.onerror = () => reject(new Error(reader.error?.message ?? 'the file cannot be read'))
  })
  reader.readAsDataURL(part)
  // data:application/octet-stream;base64,…
  return (await read).replace(/^[^,]*,?/, '')
}

/**
 * Sends a file to the engine part by part; returns the id of the upload. An upload that fails or is
 * aborted leaves nothing there.
 */
export async function upload(file: File, onsent: (bytes: number) => void, signal: AbortSignal): Promise<string> {
  const { id } = await call('begin_upload', { name: file.name, size: file.size })
  try {
    for (let offset = 0; offset < file.size; offset += PART_BYTES) {
      signal.throwIfAborted()
      const data = await base64(file.slice(offset, offset + PART_BYTES))
      const { received } = await call('append_upload', { id, offset, data }, signal)
      onsent(received)
    }
    signal.throwIfAborted()
    return id
  } catch (thrown) {
    // The engine deletes it anyway, after a minute without a part.
    call('cancel_upload', { id }).catch(() => undefined)
    throw thrown
  }
}

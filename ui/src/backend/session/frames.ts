/** Bytes that a call is answered with. */
export class BinaryReply {
  constructor(
    readonly kind: 'series' | 'file',
    readonly name: string,
    readonly mediaType: string,
    readonly bytes: Uint8Array<ArrayBuffer>,
  ) {}

  blob(): Blob {
    return new Blob([this.bytes], { type: this.mediaType })
  }
}

/**
 * Decodes a binary message: the length of a JSON header in 4 bytes, big-endian, the header and the
 * bytes.
 */
export function decodeBinary(message: ArrayBuffer): { reply: number; value: BinaryReply } {
  const length = new DataView(message).getUint32(0)
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(message, 4, length))) as {
    reply: number
    kind: 'series' | 'file'
    name: string
    media_type: string
  }
  // A copy, because the columns of a series must begin at multiples of 8 bytes.
  const bytes = new Uint8Array(message.slice(4 + length))
  return { reply: header.reply, value: new BinaryReply(header.kind, header.name, header.media_type, bytes) }
}

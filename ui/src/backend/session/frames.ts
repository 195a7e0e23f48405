/** The bytes of series that a call is answered with. */
export class SeriesReply {
  constructor(readonly bytes: Uint8Array<ArrayBuffer>) {}
}

/** A file that a call is answered with. The path works once. */
export class FileReply {
  constructor(
    readonly name: string,
    readonly path: string,
  ) {}
}

/**
 * Decodes a binary message: the length of a JSON header in 4 bytes, big-endian, the header and the
 * bytes of series.
 */
export function decodeBinary(message: ArrayBuffer): { reply: number; value: SeriesReply } {
  const length = new DataView(message).getUint32(0)
  const { reply } = JSON.parse(new TextDecoder().decode(new Uint8Array(message, 4, length))) as { reply: number }
  // A copy, because the columns of a series must begin at multiples of 8 bytes.
  return { reply, value: new SeriesReply(new Uint8Array(message.slice(4 + length))) }
}

/** A transport to the engine. `index.ts` types arguments and answers. */
export interface Transport {
  call(name: string, args: unknown, signal?: AbortSignal): Promise<unknown>
  /** Passes every message of a topic to `handler` until the returned function is called. */
  subscribe(topic: string, args: unknown, handler: (message: unknown) => void): () => void
  saveContent(content: Blob, suggestedName: string): Promise<string | null>
  saveFile(command: string, args: unknown, suggestedName: string): Promise<string | null>
}

/** What each way to the engine can do; arguments and answers are typed one level above. */
export interface Transport {
  call(name: string, args: unknown, signal?: AbortSignal): Promise<unknown>
  /** Hands every message of a topic to `handler` until the returned function is called. */
  subscribe(topic: string, args: unknown, handler: (message: unknown) => void): () => void
  saveContent(content: Blob, suggestedName: string): Promise<string | null>
  saveFile(command: string, args: unknown, suggestedName: string): Promise<string | null>
}

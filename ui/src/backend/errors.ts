import type { ApiError, ErrorCode } from './generated'

/** A failed command with the engine's code and message. */
export class BackendError extends Error {
  readonly code: ErrorCode | 'unreachable' | 'unauthorised'

  constructor(code: BackendError['code'], message: string) {
    super(message)
    this.name = 'BackendError'
    this.code = code
  }
}

const isApiError = (value: unknown): value is ApiError =>
  typeof value === 'object' && value !== null && 'code' in value && 'message' in value

/** Converts a thrown value to a `BackendError`. */
export function asBackendError(thrown: unknown): BackendError {
  if (thrown instanceof BackendError) return thrown
  if (isApiError(thrown)) return new BackendError(thrown.code, thrown.message)
  if (thrown instanceof Error) return new BackendError('internal', thrown.message)
  return new BackendError('internal', String(thrown))
}

/** Returns true if a newer request replaced this one. */
export const isAborted = (thrown: unknown): boolean => thrown instanceof DOMException && thrown.name === 'AbortError'

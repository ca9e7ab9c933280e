/** The one way to the server: typed by its OpenAPI document, every failure a `Problem`. */
import createClient from 'openapi-fetch'
import type { components, paths } from './schema.ts'

export type Schemas = components['schemas']
export type Problem = Schemas['Problem']

/** A request that did not succeed; `problem` says what went wrong and is fit for people. */
export class ApiError extends Error {
  readonly problem: Problem
  constructor(problem: Problem) {
    super(problem.detail || problem.title)
    this.problem = problem
  }
  get status(): number {
    return this.problem.status
  }
  get code(): string {
    return this.problem.code
  }
}

/** The server could not be reached: whether a write arrived is not known. */
export const UNREACHABLE = 'unreachable'

export const api = createClient<paths>({
  baseUrl: location.origin,
  headers: { 'X-Requested-With': 'tradsy' },
  credentials: 'same-origin',
  // Looked up at each call, so that tests can put their own in its place.
  fetch: (request) => globalThis.fetch(request),
})

type Answer<T> = { data?: T; error?: unknown; response: Response }

/** Returns the body of a success and throws `ApiError` for anything else. */
export async function unwrap<T>(request: Promise<Answer<T>>): Promise<T> {
  let answer: Answer<T>
  try {
    answer = await request
  } catch {
    throw new ApiError({
      type: 'about:blank',
      title: 'Tradsy cannot be reached',
      status: 0,
      code: UNREACHABLE,
      detail: 'Check the connection and try again.',
      errors: null,
      trace_id: null,
    })
  }
  if (answer.response.ok) return answer.data as T
  throw new ApiError(asProblem(answer.error, answer.response))
}

function asProblem(error: unknown, response: Response): Problem {
  if (typeof error === 'object' && error !== null && 'code' in error && 'title' in error)
    return error as Problem
  return {
    type: 'about:blank',
    title: response.statusText || 'The request failed',
    status: response.status,
    code: 'unreadable_answer',
    detail: `The server answered ${response.status} without saying why.`,
    errors: null,
    trace_id: null,
  }
}

/** Whether the server has decided: the same request will not succeed, and its key is used up. */
export function isRefused(error: unknown): boolean {
  return (
    error instanceof ApiError &&
    error.status >= 400 &&
    error.status < 500 &&
    ![401, 403, 408, 429].includes(error.status)
  )
}

/** Returns the header that makes a write happen once however often it is sent. */
export function once(key: string): { 'Idempotency-Key': string } {
  return { 'Idempotency-Key': key }
}

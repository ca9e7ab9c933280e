/** Requests of people who are not signed in: a refusal for too many attempts says how long to wait. */
import { ApiError, unwrap } from '@/api/client.ts'

interface Answer<T> {
  data?: T
  error?: unknown
  response: Response
}

export class TooManyAttempts extends ApiError {
  /** Null where the server did not say. */
  readonly seconds: number | null
  constructor(cause: ApiError, seconds: number | null) {
    super(cause.problem)
    this.seconds = seconds
  }
}

/** Like `unwrap`, and throws `TooManyAttempts` for 429. */
export async function attempt<T>(request: Promise<Answer<T>>): Promise<T> {
  let header: string | null = null
  const watched = request.then((answer) => {
    header = answer.response.headers.get('retry-after')
    return answer
  })
  try {
    return await unwrap(watched)
  } catch (error) {
    if (error instanceof ApiError && error.status === 429) throw new TooManyAttempts(error, parseWait(header))
    throw error
  }
}

function parseWait(header: string | null): number | null {
  const text = header ?? ''
  return /^\d{1,7}$/.test(text) ? Number.parseInt(text, 10) : null
}

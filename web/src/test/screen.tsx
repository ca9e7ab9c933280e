/** Shows a whole screen at an address, as the browser would, against a `FakeServer`. */
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { render } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { makeRouter } from '@/app/router.tsx'
import { LanguageProvider } from '@/i18n/index.tsx'

export function showScreen(path: string) {
  history.replaceState(null, '', `/app${path}`)
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } })
  const router = makeRouter(client)
  const view = render(
    <QueryClientProvider client={client}>
      <LanguageProvider>
        <RouterProvider router={router} />
      </LanguageProvider>
    </QueryClientProvider>,
  )
  return { ...view, client, router, user: userEvent.setup() }
}

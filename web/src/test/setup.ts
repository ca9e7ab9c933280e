import '@testing-library/jest-dom/vitest'
import { cleanup, configure } from '@testing-library/react'
import { afterEach, vi } from 'vitest'
import { texts } from '@/i18n/texts.ts'

// A busy machine loads a screen's chunk in more than a second.
configure({ asyncUtilTimeout: 10_000 })

// jsdom knows no modal dialogs: open and close are all that the components need.
HTMLDialogElement.prototype.showModal ??= function showModal(this: HTMLDialogElement) {
  this.open = true
}
HTMLDialogElement.prototype.close ??= function close(this: HTMLDialogElement) {
  this.open = false
  this.dispatchEvent(new Event('close'))
}

window.scrollTo = () => {}

afterEach(async () => {
  cleanup()
  vi.unstubAllGlobals()
  await texts.choose('en')
  localStorage.clear()
})

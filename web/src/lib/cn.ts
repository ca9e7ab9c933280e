import { type ClassValue, clsx } from 'clsx'
import { extendTailwindMerge } from 'tailwind-merge'

// Our own sizes of type, which would otherwise be taken for colours.
const merge = extendTailwindMerge({
  extend: { classGroups: { 'font-size': [{ text: ['axis', 'meta', 'table', 'body', 'figure', 'title'] }] } },
})

/** Joins class names; of two that set the same property the later one wins. */
export function cn(...values: ClassValue[]): string {
  return merge(clsx(values))
}

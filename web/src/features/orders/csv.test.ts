import { expect, test } from 'vitest'
import { csvCell, toCsv } from './csv.ts'

test.each(['=1+1', '+1', '-1', '@SUM(A1)', '\tx'])(
  'a cell that spreadsheets would run is escaped: %j',
  (cell) => {
    expect(csvCell(cell)).toBe(`'${cell}`)
  },
)

test('an escaped cell is quoted like any other', () => {
  expect(csvCell('=HYPERLINK("x")')).toBe(`"'=HYPERLINK(""x"")"`)
})

test('quotes, commas and line breaks stay in their cell; nothing known is empty', () => {
  expect(toCsv(['a', 'b'], [['x,"y"', null]])).toBe('a,b\r\n"x,""y""",\r\n')
  expect(csvCell('two\nlines')).toBe('"two\nlines"')
})

test('plain cells are left alone', () => {
  expect(csvCell('60010.5')).toBe('60010.5')
  expect(csvCell('BTC/USD')).toBe('BTC/USD')
})

export const risk = {
  title: 'Risk',
}

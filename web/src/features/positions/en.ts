export const positions = {
  title: 'Positions',
}

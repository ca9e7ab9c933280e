export const follows = {
  title: 'Follows',
}

export function FollowsPage() {
  return null
}

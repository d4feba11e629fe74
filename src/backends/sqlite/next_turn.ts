/**
 * Lets timers, signals and input have their turn, and other processes the file. SQLite's statements never wait for
 * anything, so between two transactions of a long operation nothing else would happen.
 */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

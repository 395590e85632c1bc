/**
 * Where handlers wait until they are let go on, so that what runs at the same time is not left to chance. `pass` waits at it,
 * `waiting` until so many do, `open` lets all go on that do.
 */
export function makeGate() {
  /** @type {(() => void)[]} */
  let held = [];
  /** @type {{ count: number, reached: () => void }[]} */
  let watched = [];
  const look = () => {
    watched = watched.filter(({ count, reached }) => {
      if (held.length < count) return true;
      reached();
      return false;
    });
  };
  return {
    pass: () =>
      /** @type {Promise<void>} */ (
        new Promise((resolve) => {
          held.push(resolve);
          look();
        })
      ),
    waiting: (/** @type {number} */ count) =>
      /** @type {Promise<void>} */ (
        new Promise((reached) => {
          watched.push({ count, reached });
          look();
        })
      ),
    open() {
      for (const one of held) one();
      held = [];
    },
  };
}

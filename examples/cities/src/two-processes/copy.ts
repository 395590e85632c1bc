import { fork } from 'node:child_process';
import { once } from 'node:events';

/** A copy of the demo in a process of its own. */
export interface Copy {
  readonly url: string;
  end(): Promise<void>;
}

/**
 * Starts a copy on a free port. Its log is not shown, its errors are. It ends with this process, however that ends.
 *
 * @throws Error when it ends before it listens
 */
export async function startCopy(): Promise<Copy> {
  const child = fork(new URL('../main.js', import.meta.url), {
    env: { ...process.env, HOST: '127.0.0.1', PORT: '0' },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const ended = once(child, 'exit');
  const url = await Promise.race([
    once(child, 'message').then(([text]) => String(text)),
    ended.then(() => ''),
  ]);
  if (url === '') throw new Error('A copy of the demo did not start.');
  return {
    url,
    async end() {
      if (child.connected) child.disconnect();
      await ended;
    },
  };
}

import { once } from 'node:events';
import { onTestFinished } from 'vitest';
import { spawnTypeScript } from '../../support/child-process.js';

/** A process that writes, and can be killed at a point of its transaction. */
export interface Writer {
  /** Resolves when it has told that it has come to a point. */
  reaches(point: 'uncommitted' | 'committed'): Promise<void>;
  kill(): Promise<void>;
}

/** Starts `writer.fixture.ts`. */
export function startWriter(...args: readonly string[]): Writer {
  const child = spawnTypeScript(new URL('./writer.fixture.ts', import.meta.url), args);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (text: Buffer) => (output += text.toString()));
  }
  const exited = once(child, 'exit');
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await exited;
  };
  onTestFinished(kill);
  return {
    async reaches(point) {
      while (!output.split('\n').includes(point)) {
        const ended = exited.then(() => Promise.reject(new Error(`The writer ended: ${output}`)));
        await Promise.race([once(child.stdout, 'data'), ended]);
      }
    },
    kill,
  };
}

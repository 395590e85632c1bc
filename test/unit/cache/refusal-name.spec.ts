import { expect, it } from 'vitest';
import { refusalError } from '../../../src/cache/refusal.js';
import { eventLog } from '../../../src/module/event-log.js';
import { FakeClock } from '../../../src/testing/index.js';

const REFUSALS: [string, Error, string][] = [
  ['a reply of Redis', new Error('OOM command not allowed for secret'), 'OOM'],
  ['a reply of one word', new Error('NOPERM'), 'NOPERM'],
  ['a socket', Object.assign(new Error('connect to secret'), { code: 'ECONNREFUSED' }), 'ECONNREFUSED'],
  ['a mistake in a store', new TypeError('secret is not a function'), 'TypeError'],
  ['an error that begins with a key', new Error('secret was not cached'), 'Error'],
];

it.each(REFUSALS)(
  'the refusal of %s is named without its details, to the caller and in the log',
  (_, error, name) => {
    expect(refusalError('set', error).message).toBe(`The store refused set with ${name}.`);
    const lines: string[] = [];
    const log = { log: (line: string) => lines.push(line), warn: (line: string) => lines.push(line) };
    eventLog(log, new FakeClock())({ type: 'error', cache: 'c', operation: 'set', error });
    expect(lines).toEqual([`Cache "c": set was refused with ${name}.`]);
  },
);

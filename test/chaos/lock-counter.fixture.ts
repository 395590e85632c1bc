// A process that counts in Redis by reading and writing, with nothing but a lock to keep others from doing so meanwhile.
import { systemClock } from '../../src/clock.js';
import { KeySpace } from '../../src/key/key-space.js';
import { redisLocks } from '../../src/lock/redis-locks.js';
import { connectTo } from './lock-connection.js';

const [url = '', keyPrefix = '', times = ''] = process.argv.slice(2);

const connection = await connectTo(url);
const space = KeySpace.of({ keyPrefix, cache: 'c', version: undefined });
const locks = redisLocks({ connection, space, clock: systemClock });
const send = async (...args: string[]): Promise<string> =>
  String(await connection.request({ key: args[1] ?? '', args }));

for (let time = 0; time < Number(times); time++) {
  const lock = await locks.lock('counter', { wait: '5m' });
  const before = Number(await send('GET', 'count'));
  await send('RPUSH', 'fences', String(lock.fence));
  await send('SET', 'count', String(before + 1));
  if (!(await lock.release())) throw new Error('The lock was lost.');
}
console.log('done');
await connection.close();

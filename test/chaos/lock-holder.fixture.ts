// A process that takes a lock, says so, and holds it until it is killed.
import { systemClock } from '../../src/clock.js';
import { KeySpace } from '../../src/key/key-space.js';
import { redisLocks } from '../../src/lock/redis-locks.js';
import { connectTo } from './lock-connection.js';

const [url = '', keyPrefix = '', ttl = ''] = process.argv.slice(2);

const space = KeySpace.of({ keyPrefix, cache: 'c', version: undefined });
const locks = redisLocks({ connection: await connectTo(url), space, clock: systemClock });
const lock = await locks.lock('job', { ttl: Number(ttl) });
console.log(lock.fence);
// The socket of the connection keeps the process alive.

import { startRedis } from '../../support/redis-server.js';

const server = await startRedis();
console.log(JSON.stringify({ pid: server.process.pid, folder: server.folder }));
setInterval(() => undefined, 1_000);

import { createClient } from 'redis';
import { RedisSessionStore } from '../../../../src/session/redis-session-store.js';
import { PLATFORMS, type Handler } from './session-app.js';

/** A process with a server of its own. Prints its URL. Requests of `/set…` wait until the file of this process hears `go`. */
const [url = '', prefix = '', platform = ''] = process.argv.slice(2);
const client = createClient({ url });
client.on('error', () => undefined);
await client.connect();
const store = new RedisSessionStore({ client, prefix });

let held: (() => void)[] = [];
const handlers: Record<string, Handler> = {
  '/login': ({ session }) => void (session['user'] = 'ada'),
  '/logout': ({ session }) => new Promise<void>((resolve) => session.destroy(() => resolve())),
  '/': ({ session }) => Object.keys(session).filter((name) => name !== 'cookie'),
  '/held': () => held.length,
};
for (let index = 0; index < 64; index++) {
  handlers[`/set${index}`] = async ({ session }) => {
    await new Promise<void>((resolve) => held.push(resolve));
    session[`field${index}`] = index;
  };
}
handlers['/go'] = () => {
  for (const go of held.splice(0)) go();
};
const start = PLATFORMS[platform as keyof typeof PLATFORMS];
const app = await start({ store, handlers, rolling: true });
process.stdout.write(`${app.url}\n`);
process.once('SIGTERM', () => {
  held = [];
  void Promise.all([app.close(), store.close()]).then(() => client.destroy());
});

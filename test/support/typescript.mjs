// `node --import ./test/support/typescript.mjs file.ts` runs a TypeScript file, decorators included, for tests that need
// a process of their own. `nestjs-redis-cache` is the source tree.
import { register } from 'node:module';

register('./typescript-hooks.mjs', import.meta.url);

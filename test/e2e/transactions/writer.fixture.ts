// A process of the shop that sets the price of product 1 to 20 and stands still for ever, for somebody to kill it:
// `before` its commit, `after` it, or, with `go`, after a commit that waits until the file of that name is there.
import { existsSync, writeSync } from 'node:fs';
import { openShop } from './shop.js';

const [url = '', file = '', point = '', go = ''] = process.argv.slice(2);
const shop = await openShop(url, file);

/** Not one turn of the event loop passes: nothing is renewed, nothing is answered. */
function standStill(milliseconds?: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

function tell(text: string): void {
  writeSync(1, `${text}\n`);
}

shop.db.beforeCommit = () => {
  if (point === 'after') return;
  tell('uncommitted');
  if (point === 'before') standStill();
  while (!existsSync(go)) standStill(5);
};
shop.db.afterCommit = () => {
  tell('committed');
  standStill();
};
if (point === 'go') await shop.transactions.run(noteAndSet);
else await shop.prices.setPrice(1, 20);

async function noteAndSet(tx: Parameters<Parameters<typeof shop.transactions.run>[0]>[0]): Promise<void> {
  const targets = { keys: ['price:1'], tags: ['prices'] };
  await tx.run('UPDATE products SET price = 20 WHERE id = 1');
  await shop.outbox.note(tx, 'products', targets);
  shop.transactions.touches(shop.products, targets);
}

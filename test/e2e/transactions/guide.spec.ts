import { readdir, readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';

const GUIDE = new URL('../../../docs/guide/transactions.md', import.meta.url);
const RECIPES = new URL('./recipes/', import.meta.url);

it('the recipes that are tested here are those of the guide', async () => {
  const guide = await readFile(GUIDE, 'utf8');
  const shown = [...guide.matchAll(/^```(?:ts|sql)\n(.*?)^```$/gms)].map(([, code]) => code);
  const files = await readdir(RECIPES);
  const tested = await Promise.all(files.map((file) => readFile(new URL(file, RECIPES), 'utf8')));
  expect(shown.toSorted()).toEqual(tested.toSorted());
});

import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { BuiltCities } from '../e2e/cities/built-cities.js';
import { eventually } from '../support/eventually.js';
import { AtlasSite } from './atlas-site.js';
import { openBrowser } from './browser.js';
import { Visitor } from './visitor.js';

const ANN = ['ann', 'lighthouse'] as const;
const BOB = ['bob', 'boulevard'] as const;

let built: BuiltCities;
let browser: Browser;

beforeAll(async () => {
  [built, browser] = await Promise.all([BuiltCities.build(), openBrowser()]);
});

afterAll(async () => {
  await browser.close();
  await built.remove();
});

describe.each(['express', 'fastify'])('the pages of the demo on %s', (platform) => {
  let site: AtlasSite;
  const here: Visitor[] = [];

  beforeAll(async () => {
    site = await AtlasSite.open(built, platform);
  });

  afterEach(async () => {
    for (const one of here.splice(0)) await one.leave();
  });

  afterAll(() => site.close());

  async function visitor(options: { readonly javaScript?: boolean } = {}): Promise<Visitor> {
    const arrived = await Visitor.arrive(browser, site.url, options.javaScript);
    here.push(arrived);
    return arrived;
  }

  async function signedIn([name, password]: readonly [string, string]): Promise<Visitor> {
    const arrived = await visitor();
    await arrived.signIn(name, password);
    await arrived.signedInAs(name);
    return arrived;
  }

  it('make no session of somebody who only looks', async () => {
    const guest = await visitor();
    await guest.search('Lisbon');
    await guest.open('/atlas/sign-in');
    expect(await guest.cookie()).toBeUndefined();
  });

  it('sign in who knows the password, and nobody else', async () => {
    const ann = await visitor();
    await ann.signIn('ann', 'wrong');
    await ann.page.getByRole('alert').waitFor();
    expect(await ann.page.getByLabel('Name').inputValue()).toBe('ann');
    expect(await ann.cookie()).toBeUndefined();

    await ann.signIn(...ANN);
    await ann.signedInAs('ann');
    await ann.press('Sign out');
    await ann.signedOut();
    await ann.open('/atlas/devices');
    await ann.page.getByText('Please sign in first.').waitFor();
  });

  it('work without a script', async () => {
    const ann = await visitor({ javaScript: false });
    await ann.signIn(...ANN);
    await ann.signedInAs('ann');
    await ann.star('Reykjavík');
    await ann.press('Remove Reykjavík');
    await ann.page.getByText('None yet.').waitFor();
    await ann.press('Sign out');
    await ann.signedOut();
  });

  it('give a cookie that no script can read and no other site can send along', async () => {
    const ann = await signedIn(ANN);
    expect(await ann.cookie()).toMatchObject({ httpOnly: true, sameSite: 'Lax', path: '/atlas' });
    expect(await ann.page.evaluate('document.cookie')).toBe('');
  });

  it('give the session another id at the sign-in, with what it held before', async () => {
    const ann = await visitor();
    await ann.star('Oslo');
    const before = await ann.cookie();
    expect(before).toBeDefined();
    await ann.signIn(...ANN);
    await ann.signedInAs('ann');
    const after = await ann.cookie();
    expect(after?.value).not.toBe(before?.value);
    expect(await ann.favourites()).toEqual(['Oslo']);
  });

  it('keep favourites over a reload and a restart of the server', async () => {
    const ann = await signedIn(ANN);
    await ann.star('Oslo');
    await ann.star('Kyoto');
    await ann.page.reload();
    expect(await ann.favourites()).toEqual(['Kyoto', 'Oslo']);

    await site.stop();
    await site.start();
    expect(await ann.favourites()).toEqual(['Kyoto', 'Oslo']);
    await ann.signedInAs('ann');
  });

  it('lose no favourite of two tabs that add one at the same time', async () => {
    const left = await signedIn(ANN);
    const right = await left.anotherTab();
    const pairs = [
      ['Oslo', 'Kyoto'],
      ['Lima', 'Cairo'],
      ['Havana', 'Quito'],
      ['Porto', 'Minsk'],
      ['Dakar', 'Perth'],
    ] as const;
    for (const [one, other] of pairs) {
      await Promise.all([left.search(one), right.search(other)]);
      await Promise.all([left.pressStar(one), right.pressStar(other)]);
    }
    expect(await left.favourites()).toEqual(pairs.flat().toSorted());
  });

  it('show the devices of a user, and end one of them, or all others', async () => {
    const bob = await signedIn(BOB);
    const phone = await signedIn(BOB);
    expect(await bob.devices()).toBe(2);
    expect(await bob.page.getByText('Chrome on Linux').count()).toBe(2);
    expect(await bob.page.getByText('This device').count()).toBe(1);

    await bob.page.getByRole('button', { name: /^Sign out Chrome/ }).click();
    await bob.page.getByText('That device is signed out.').waitFor();
    expect(await bob.devices()).toBe(1);
    await phone.open('/atlas');
    await phone.signedOut();

    await phone.signIn(...BOB);
    await phone.signedInAs('bob');
    expect(await phone.devices()).toBe(2);
    await phone.press('Sign out all other devices');
    await phone.page.getByText('All other devices are signed out.').waitFor();
    await bob.page.reload();
    await bob.page.getByText('Please sign in first.').waitFor();
    await phone.press('Sign out');
  });

  it('end all sessions of a user at once, at the next click of each, and of nobody else', async () => {
    const [laptop, phone, bob] = [await signedIn(ANN), await signedIn(ANN), await signedIn(BOB)];
    await laptop.open('/atlas/devices');
    await laptop.press('Sign out everywhere');
    await laptop.page.getByText('You are signed out on all devices.').waitFor();
    await phone.page.getByRole('link', { name: 'Devices' }).click();
    await phone.page.getByText('Please sign in first.').waitFor();
    await bob.page.reload();
    await bob.signedInAs('bob');
  });

  it('say it kindly while Redis is away, and go on where they were', async () => {
    const ann = await signedIn(ANN);
    await ann.star('Oslo');
    const cookie = await ann.cookie();
    await site.redis.stop();
    const response = await ann.open('/atlas');
    expect(response?.status()).toBe(503);
    expect(response?.headers()['retry-after']).toMatch(/^\d+$/);
    await ann.page.getByRole('heading', { name: 'Back in a moment' }).waitFor();

    await site.redis.start();
    await eventually(async () => expect((await ann.open('/atlas'))?.status()).toBe(200), { timeout: 20_000 });
    await ann.signedInAs('ann');
    expect(await ann.favourites()).toEqual(['Oslo']);
    expect((await ann.cookie())?.value).toBe(cookie?.value);
  });

  it('keep a session as long as its visitor has asked for', async () => {
    const ann = await visitor();
    await ann.signIn(...ANN, true);
    await ann.signedInAs('ann');
    const days = ((await ann.cookie())?.expires ?? 0) - Date.now() / 1000;
    expect(days / 86_400).toBeGreaterThan(29);
  });

  it('find cities while their name is typed, and keep the focus where it is', async () => {
    const guest = await visitor();
    const field = guest.page.getByLabel('Name of a city');
    await field.pressSequentially('reykj');
    await guest.page.getByRole('heading', { name: 'Beginning with “reykj”' }).waitFor();
    expect(await guest.page.locator('#found strong').allTextContents()).toContain('Reykjavík');
    expect(await guest.page.evaluate('document.activeElement.id')).toBe('q');
    expect(guest.page.url()).toContain('?q=reykj');
  });

  it('refuse a form that another site sends', async () => {
    const ann = await signedIn(ANN);
    const foreign = await visitor();
    await foreign.page.route('http://evil.example/', (route) =>
      route.fulfill({
        contentType: 'text/html',
        body: `<form method="post" action="${site.url}/atlas/favourites/add"><input name="city" value="2950159"><button>Go</button></form>`,
      }),
    );
    await foreign.page.goto('http://evil.example/');
    await foreign.page.getByRole('button', { name: 'Go' }).click();
    await foreign.page.getByText('This form was sent by another site.').waitFor();
    expect(await ann.favourites()).toEqual([]);
  });
});

import { describe, expect, it } from 'vitest';
import { deviceName } from '../../../examples/cities/src/atlas/devices/device-name.js';
import {
  addFavourite,
  favouritesOf,
  removeFavourite,
} from '../../../examples/cities/src/atlas/favourites/favourites.js';
import { html } from '../../../examples/cities/src/atlas/pages/html.js';
import { moment } from '../../../examples/cities/src/atlas/pages/moment.js';
import { noticeOf } from '../../../examples/cities/src/atlas/pages/notices.js';
import { Accounts } from '../../../examples/cities/src/atlas/sign-in/accounts.js';
import type { VisitorSession } from '../../../examples/cities/src/atlas/visitor-session.js';

describe('markup', () => {
  it('escapes what is put into it, and leaves markup as it is', () => {
    const evil = `"><script>alert('&')</script>`;
    const safe = '&quot;&gt;&lt;script&gt;alert(&#39;&amp;&#39;)&lt;/script&gt;';
    expect(String(html`<p title="${evil}">${evil}</p>`)).toBe(`<p title="${safe}">${safe}</p>`);
    expect(String(html`<b>${[html`<i>1</i>`, '<', 2]}</b>`)).toBe('<b><i>1</i>&lt;2</b>');
    expect(String(html`${undefined}${false}`)).toBe('');
  });

  it('tells times in words', () => {
    const now = Date.UTC(2026, 10, 23, 12);
    const words = [1_000, 90_000, 3_600_000, 2 * 86_400_000].map((ago) => String(moment(now - ago, now)));
    const shown = words.map((text) => /> *(.*?) *</.exec(text)?.[1]);
    expect(shown).toEqual(['just now', '1 minute ago', '1 hour ago', '2 days ago']);
  });

  it('says only what the application knows', () => {
    expect(noticeOf('signed-out')).toBe('You are signed out.');
    expect(['<b>', 'toString', '__proto__', undefined, ['signed-out']].map(noticeOf)).toEqual(
      Array.from({ length: 5 }),
    );
  });
});

describe('favourites', () => {
  it('are fields of the session, the latest first', () => {
    const session: VisitorSession = { user: 'ann', 'city:1': '2026-11-01', 'city:2': '2026-11-02' };
    expect(favouritesOf(session)).toEqual([2, 1]);
    addFavourite(session, 3);
    removeFavourite(session, 1);
    expect(favouritesOf(session)).toEqual([3, 2]);
    expect(session.user).toBe('ann');
  });

  it('are fifty at most', () => {
    const session: VisitorSession = {};
    for (let id = 1; id <= 50; id += 1) addFavourite(session, id);
    expect(() => addFavourite(session, 51)).toThrow('You have 50 favourites');
    expect(favouritesOf(session)).toHaveLength(50);
  });
});

it.each([
  ['Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0', 'Firefox on Windows'],
  ['Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/18.1 Safari/605.1.15', 'Safari on macOS'],
  ['Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) Mobile/15E148 Safari/604.1', 'Safari on iOS'],
  ['Mozilla/5.0 (Linux; Android 15) Chrome/142.0.0.0 Mobile Safari/537.36', 'Chrome on Android'],
  ['Mozilla/5.0 (X11; Linux x86_64) Chrome/142.0.0.0 Safari/537.36 Edg/142.0', 'Edge on Linux'],
  ['curl/7.88.1', 'curl'],
  [undefined, 'An unknown device'],
])('calls the device of %s by a name: %s', (userAgent, name) => {
  expect(deviceName(userAgent)).toBe(name);
});

it('knows the passwords of the two users, and of nobody else', async () => {
  const accounts = new Accounts();
  expect(await accounts.verify('ann', 'lighthouse')).toBe(true);
  expect(await accounts.verify('ann', 'boulevard')).toBe(false);
  expect(await accounts.verify('carl', 'lighthouse')).toBe(false);
  expect(await accounts.verify('__proto__', '')).toBe(false);
});

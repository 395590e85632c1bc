import { html, type Html } from '../pages/html.js';
import { layout } from '../pages/layout.js';
import { moment } from '../pages/moment.js';
import { deviceName } from './device-name.js';

/** A device that somebody is signed in on. */
export interface Device {
  readonly handle: string;
  readonly userAgent: string | undefined;
  /** Whether it is the one that asks. */
  readonly own: boolean;
  readonly since: number;
  readonly lastSeen: number;
}

/** What the page shows. */
export interface DevicesView {
  readonly user: string;
  readonly devices: readonly Device[];
  readonly notice: string | undefined;
}

export function devicesPage({ user, devices, notice }: DevicesView): string {
  const content = html`<h1>Your devices</h1>
    <p class="quiet">Where you are signed in. If there is one that you do not know, sign it out.</p>
    <section class="card" aria-labelledby="devices-title">
      <h2 id="devices-title">${devices.length === 1 ? 'One device' : `${devices.length} devices`}</h2>
      <ul class="rows">
        ${devices.map(row)}
      </ul>
      <div class="actions">
        ${devices.length > 1 && button('end-others', 'plain', 'Sign out all other devices')}
        ${button('end-all', 'danger', 'Sign out everywhere')}
      </div>
    </section>`;
  return layout({ title: 'Devices', current: '/atlas/devices', user, notice }, content);
}

function row({ handle, userAgent, own, since, lastSeen }: Device): Html {
  const name = deviceName(userAgent);
  const end = html`<form method="post" action="/atlas/devices/end">
    <input type="hidden" name="handle" value="${handle}" />
    <button class="plain" aria-label="Sign out ${name}, signed in ${new Date(since).toISOString()}">
      Sign out
    </button>
  </form>`;
  return html`<li data-device>
    <span class="what">
      <strong>${name}</strong><br />
      <span class="quiet small">signed in ${moment(since)} · last seen ${moment(lastSeen)}</span>
    </span>
    ${own ? html`<span class="badge">This device</span>` : end}
  </li>`;
}

function button(action: string, look: string, label: string): Html {
  return html`<form method="post" action="/atlas/devices/${action}">
    <button class="${look}">${label}</button>
  </form>`;
}

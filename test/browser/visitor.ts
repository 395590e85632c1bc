import type { Browser, BrowserContext, Cookie, Locator, Page, Response } from 'playwright-core';
import { expect } from 'vitest';

/** How long a page may take: what is waited for is there much sooner. */
const PATIENCE = 15_000;

/** Somebody with a browser of his own, at one page of the demo. */
export class Visitor {
  readonly page: Page;
  readonly #context: BrowserContext;
  readonly #url: string;
  readonly #complaints: string[];

  private constructor(page: Page, url: string, complaints: string[]) {
    this.page = page;
    this.#context = page.context();
    this.#url = url;
    this.#complaints = complaints;
  }

  /** A browser that was never here before. */
  static async arrive(browser: Browser, url: string, javaScriptEnabled = true): Promise<Visitor> {
    const context = await browser.newContext({ javaScriptEnabled, viewport: { width: 1100, height: 760 } });
    context.setDefaultTimeout(PATIENCE);
    return Visitor.#at(context, url);
  }

  static async #at(context: BrowserContext, url: string): Promise<Visitor> {
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => {
      // A refused password or an outage is told there too; what the policy of the page forbids is a fault of ours.
      if (message.type() === 'error' && !message.text().startsWith('Failed to load')) {
        complaints.push(message.text());
      }
    });
    const visitor = new Visitor(page, url, complaints);
    await visitor.open('/atlas');
    return visitor;
  }

  /** A further tab of the same browser. */
  anotherTab(): Promise<Visitor> {
    return Visitor.#at(this.#context, this.#url);
  }

  async open(path: string): Promise<Response | null> {
    return this.page.goto(this.#url + path);
  }

  async signIn(name: string, password: string, remember = false): Promise<void> {
    await this.open('/atlas/sign-in');
    await this.page.getByLabel('Name').fill(name);
    await this.page.getByLabel('Password').fill(password);
    if (remember) await this.page.getByLabel('Keep me signed in').check();
    await this.page.getByRole('button', { name: 'Sign in' }).click();
  }

  async signedInAs(name: string): Promise<void> {
    await this.page.getByText(`Signed in as ${name}`).waitFor();
  }

  async signedOut(): Promise<void> {
    await this.page.getByRole('link', { name: 'Sign in' }).waitFor();
  }

  /** Looks for a city by its whole name and stars it. Once this is done, the page shows it among the favourites. */
  async star(city: string): Promise<void> {
    await this.search(city);
    await this.pressStar(city);
    await this.favourite(city).waitFor();
  }

  async search(city: string): Promise<void> {
    await this.open(`/atlas?q=${encodeURIComponent(city)}`);
  }

  /** Stars a city that the page shows. Done once the server has answered. */
  async pressStar(city: string): Promise<void> {
    const answer = this.page.waitForResponse((response) => response.request().method() === 'POST');
    await this.page
      .getByRole('button', { name: `Favourite: ${city}`, exact: true })
      .first()
      .click();
    expect((await answer).status()).toBe(303);
  }

  favourite(city: string): Locator {
    return this.page.getByRole('button', { name: `Remove ${city}`, exact: true });
  }

  async favourites(): Promise<string[]> {
    await this.open('/atlas');
    const names = await this.page.locator('#favourites strong').allTextContents();
    return names.toSorted();
  }

  /** How many devices the page of devices shows. */
  async devices(): Promise<number> {
    await this.open('/atlas/devices');
    return this.page.locator('[data-device]').count();
  }

  async press(name: string): Promise<void> {
    await this.page.getByRole('button', { name, exact: true }).click();
  }

  /** The cookie of the session. */
  async cookie(): Promise<Cookie | undefined> {
    const cookies = await this.#context.cookies(`${this.#url}/atlas`);
    return cookies.find(({ name }) => name === 'sid');
  }

  /** Ends the browser. @throws where a page broke a rule of its own, or its script failed */
  async leave(): Promise<void> {
    await this.#context.close();
    expect(this.#complaints).toEqual([]);
  }
}

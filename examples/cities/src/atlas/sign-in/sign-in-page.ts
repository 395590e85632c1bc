import { html } from '../pages/html.js';
import { layout } from '../pages/layout.js';
import { DEMO_USERS } from './accounts.js';

/** What the page shows. */
export interface SignInView {
  readonly user: string | undefined;
  /** What was typed into the field of the name before. */
  readonly name: string;
  /** Whether that did not work. */
  readonly failed: boolean;
  readonly notice: string | undefined;
}

export function signInPage({ user, name, failed, notice }: SignInView): string {
  const error = html`<p id="error" class="notice bad" role="alert">
    Name and password do not belong together.
  </p>`;
  const content = html`<section class="card narrow">
    <h1>Sign in</h1>
    ${failed && error}
    <form method="post" action="/atlas/sign-in">
      <div class="field">
        <label for="name">Name</label>
        <input
          id="name"
          name="name"
          type="text"
          value="${name}"
          autocomplete="username"
          autocapitalize="none"
          required
          ${failed && html`aria-describedby="error" aria-invalid="true"`}
        />
      </div>
      <div class="field">
        <label for="password">Password</label>
        <input
          id="password"
          name="password"
          type="password"
          autocomplete="current-password"
          required
          ${failed && html`aria-describedby="error" aria-invalid="true"`}
        />
      </div>
      <label class="check"
        ><input type="checkbox" name="remember" value="yes" /> Keep me signed in for 30 days</label
      >
      <button>Sign in</button>
    </form>
    <p class="quiet small">
      This is a demo.
      ${DEMO_USERS.map((one) => html`<br /><code>${one.name}</code> has the password <code>${one.password}</code>`)}
    </p>
  </section>`;
  return layout({ title: 'Sign in', user, notice }, content);
}

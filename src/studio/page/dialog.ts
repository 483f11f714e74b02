/**
 * Dialogs.
 *
 * @module
 */

import { textOfError } from "./api.ts";
import { type ComponentChildren, html, Problem, useEffect, useRef, useState, type VNode } from "./dom.ts";

/** What a dialog has. */
export interface DialogProps {
  readonly title: string;
  /** The text of the button that does it; without it there is only a button to close. */
  readonly action?: string | undefined;
  readonly isDanger?: boolean;
  /** Whether the action can be done as things are. Default: `true`. */
  readonly isReady?: boolean;
  /** Does it. The dialog closes after it, and shows the error if it fails. */
  readonly onAction?: () => Promise<void>;
  readonly onClose: () => void;
  readonly children?: ComponentChildren;
}

/** A dialog, above everything else until it is closed. */
export function Dialog(props: DialogProps): VNode {
  const { title, action, isDanger = false, isReady = true, onAction, onClose, children } = props;
  const [problem, setProblem] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  const element = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    element.current?.showModal();
    return () => element.current?.close();
  }, []);
  const act = () => {
    if (isBusy || !isReady || !onAction) return;
    setBusy(true);
    setProblem(undefined);
    onAction().then(onClose, (error) => {
      setProblem(textOfError(error));
      setBusy(false);
    });
  };
  return html`<dialog ref=${element} aria-labelledby="dialog-title" onCancel=${onClose}>
    <h2 id="dialog-title">${title}</h2>
    <div class="fields">${children}</div>
    <${Problem} text=${problem} />
    <div class="actions">
      <button type="button" onClick=${onClose}>${action ? "Cancel" : "Close"}</button>
      ${
        action &&
        html`<button type="button" class=${isDanger ? "danger" : "primary"} disabled=${isBusy || !isReady} onClick=${act}>
        ${isBusy ? "Working…" : action}
      </button>`
      }
    </div>
  </dialog>`;
}

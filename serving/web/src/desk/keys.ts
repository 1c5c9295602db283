import { useEffect, useRef } from "preact/hooks";

/** One key each, outside of fields; Escape also leaves a field. */
export function useKeys(keys: Readonly<Record<string, () => unknown>>): void {
  const latest = useRef(keys);
  latest.current = keys;
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      const act = latest.current[event.key];
      if (!act || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
      const target = event.target as HTMLElement;
      const field = target.closest("input:not([type=checkbox]), textarea, select");
      if (field && event.key === "Escape") target.blur();
      if (field || (target.closest("dialog") && event.key !== "?")) return;
      event.preventDefault();
      act();
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  }, []);
}

// SPDX-License-Identifier: MIT
// Tabs as the ARIA authoring practices describe them: arrows move, one panel is shown.

const KEY = "switchyard-tab";

/** Make the tabs work; onShow(id): a panel can be seen now. */
export function makeTabs(list, onShow) {
  const tabs = [...list.querySelectorAll("[role=tab]")];
  const show = (chosen) => {
    for (const tab of tabs) {
      tab.setAttribute("aria-selected", String(tab === chosen));
      tab.tabIndex = tab === chosen ? 0 : -1;
      document.getElementById(tab.getAttribute("aria-controls")).hidden = tab !== chosen;
    }
    sessionStorage.setItem(KEY, chosen.id);
    onShow(chosen.id);
  };
  const steps = { ArrowLeft: -1, ArrowRight: 1 };
  list.addEventListener("click", (event) => {
    const tab = event.target.closest("[role=tab]");
    if (tab) show(tab);
  });
  list.addEventListener("keydown", (event) => {
    const at = tabs.indexOf(event.target);
    let to = at + (steps[event.key] ?? 0);
    if (event.key === "Home") to = 0;
    if (event.key === "End") to = tabs.length - 1;
    if (at < 0 || to === at) return;
    event.preventDefault();
    const tab = tabs[(to + tabs.length) % tabs.length];
    show(tab);
    tab.focus();
  });
  show(tabs.find((tab) => tab.id === sessionStorage.getItem(KEY)) ?? tabs[0]);
}

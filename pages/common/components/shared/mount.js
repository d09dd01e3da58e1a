/**
 * The default export of a component that is drawn by a class.
 *
 * Streamlit calls a component on every run of the script. Each place on the page gets one `View`, made from its root
 * element; `receive(data, { setStateValue, setTriggerValue })` is called with new data, `close()`, if there is one, when
 * the component leaves the page.
 */
export function mounted(View) {
  const views = new WeakMap()
  return ({ data, parentElement, setStateValue, setTriggerValue }) => {
    if (!views.has(parentElement)) views.set(parentElement, new View(parentElement))
    const view = views.get(parentElement)
    view.receive(data, { setStateValue, setTriggerValue })
    return () => {
      view.close?.()
      views.delete(parentElement)
    }
  }
}

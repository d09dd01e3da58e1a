/** Puts an SVG on the page. It is parsed as SVG, not as HTML, so anything that is not a drawing is ignored. */
export default function ({ data, parentElement }) {
  const place = parentElement.querySelector(".drawing")
  const drawing = new DOMParser().parseFromString(data.svg, "image/svg+xml").documentElement
  if (drawing.nodeName === "svg") place.replaceChildren(document.importNode(drawing, true))
}

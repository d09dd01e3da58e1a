/** Parsed as SVG, not as HTML: what is no drawing is not put in. */
export default function ({ data, parentElement }) {
  const place = parentElement.querySelector(".drawing")
  const drawing = new DOMParser().parseFromString(data.svg, "image/svg+xml").documentElement
  if (drawing.nodeName === "svg") place.replaceChildren(document.importNode(drawing, true))
}

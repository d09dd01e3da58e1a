// The table of runs. The server sorts, filters and remembers the selection; here it is drawn, and requests are reported.

import { channelOf } from "../shared/channel.js"
import { made } from "../shared/elements.js"
import { mounted } from "../shared/mount.js"

class RunTable {
  constructor(root) {
    this.root = root
    this.last = ""
    this.anchor = null
    this.find = (selector) => root.querySelector(selector)
    this.find(".previous").onclick = () => this.ask({ kind: "page", page: this.data.page - 1 })
    this.find(".next").onclick = () => this.ask({ kind: "page", page: this.data.page + 1 })
  }

  receive(data, { setTriggerValue }) {
    this.setTriggerValue = setTriggerValue
    this.channel = channelOf(data.key)
    this.channel.scene = this
    const now = JSON.stringify(data)
    if (now === this.last) return
    const first = this.last === ""
    this.last = now
    this.data = data
    this.chosen = new Set(data.chosen)
    const focused = this.focused()
    this.find(".runs").setAttribute("aria-label", data.label)
    this.find(".runs").style.setProperty("--most", `${data.height}px`)
    this.drawHead()
    this.drawBody()
    this.drawFoot()
    this.focusAgain(focused)
    if (first) this.showChosen()
  }

  /** Scrolls to the run that a link chose, if it is below the edge of the box. */
  showChosen() {
    const line = this.find('tr[aria-selected="true"]')
    const box = this.find(".box")
    if (line && line.offsetTop + line.offsetHeight > box.clientHeight)
      box.scrollTop = line.offsetTop - line.offsetHeight
  }

  ask(request) {
    this.setTriggerValue("asked", request)
  }

  // Drawing

  drawHead() {
    const all = made("th", "pick")
    const box = made("input")
    box.type = "checkbox"
    box.dataset.focus = "all"
    box.setAttribute("aria-label", "Select all runs of this page")
    box.onchange = () => this.chooseAll(box.checked)
    all.append(box)
    const { sort } = this.data
    const heads = this.data.columns.map((column) => {
      const head = made("th", column.kind)
      head.scope = "col"
      if (!column.sorts) {
        head.textContent = column.title
        return head
      }
      const button = made("button", "", column.title)
      button.type = "button"
      button.dataset.focus = `sort-${column.name}`
      if (column.help) button.title = column.help
      button.onclick = () => this.ask({ kind: "sort", column: column.name })
      head.append(button)
      if (sort.column === column.name) head.setAttribute("aria-sort", sort.down ? "descending" : "ascending")
      return head
    })
    this.find("thead tr").replaceChildren(all, ...heads)
  }

  drawBody() {
    const rows = this.data.rows.map((row) => this.drawRow(row))
    for (const gap of [...this.data.gaps].reverse().sort((a, b) => b.at - a.at))
      rows.splice(gap.at, 0, this.drawGap(gap))
    if (!rows.length) {
      const cell = made("td", "", this.data.empty)
      cell.colSpan = this.data.columns.length + 1
      const row = made("tr", "nothing")
      row.append(cell)
      rows.push(row)
    }
    this.find("tbody").replaceChildren(...rows)
    this.markChosen()
  }

  drawRow(row) {
    const line = made("tr", "run")
    line.dataset.id = row.id
    const pick = made("td", "pick")
    const box = made("input")
    box.type = "checkbox"
    box.dataset.focus = `pick-${row.id}`
    box.setAttribute("aria-label", `Select ${row.name}`)
    box.onclick = (event) => {
      event.stopPropagation()
      this.toggle(row.id, box.checked, event.shiftKey)
    }
    pick.append(box)
    line.append(pick, ...this.data.columns.map((column) => this.drawCell(column, row)))
    line.onclick = () => this.chooseOnly(row.id)
    return line
  }

  drawCell(column, row) {
    const cell = made("td", column.kind)
    if (column.kind === "picture") cell.append(this.drawPicture(row))
    else if (column.kind === "name") cell.append(this.drawName(row), made("small", "", row.id))
    else if (column.kind === "state") this.fillState(cell, row.state)
    else {
      cell.textContent = row.cells[column.name]
      cell.title = row.titles?.[column.name] ?? row.cells[column.name]
    }
    return cell
  }

  drawPicture(row) {
    if (!row.picture) return made("span", "", "no picture yet")
    const image = made("img")
    image.src = row.picture
    image.alt = `What ${row.name} makes of test images`
    return image
  }

  drawName(row) {
    const button = made("button", "", row.name)
    button.type = "button"
    button.title = row.name
    button.dataset.focus = `name-${row.id}`
    button.onclick = (event) => {
      event.stopPropagation()
      this.chooseOnly(row.id)
    }
    return button
  }

  fillState(cell, state) {
    const parts = [made("span", `tag ${state.colour}`, state.word)]
    if (state.share !== null) {
      const bar = made("progress")
      bar.max = 1
      bar.value = state.share
      bar.setAttribute("aria-label", "share of the training that is done")
      parts.push(bar)
    }
    if (state.text) parts.push(made("small", "", state.text))
    cell.replaceChildren(...parts)
  }

  drawGap(gap) {
    const line = made("tr", "gap")
    const cell = made("td")
    cell.colSpan = this.data.columns.length + 1
    const undo = made("button", "", "Undo")
    undo.type = "button"
    undo.dataset.focus = `undo-${gap.id}`
    undo.setAttribute("aria-label", `Undo: bring ${gap.name} back`)
    undo.onclick = () => this.ask({ kind: "undo", id: gap.id })
    const what = made("span", "what")
    what.append(made("span", "cut", gap.name), made("span", "", "is in the trash."), undo)
    cell.append(what)
    line.append(cell)
    return line
  }

  drawFoot() {
    const { count, page, pages } = this.data
    this.find(".count").textContent = count
    this.find(".pages").hidden = pages < 2
    this.find(".at").textContent = `page ${page} of ${pages}`
    this.find(".previous").disabled = page <= 1
    this.find(".next").disabled = page >= pages
  }

  close() {
    if (this.channel.scene === this) this.channel.scene = null
  }

  /** Receives the current states of active runs, by id. */
  look({ states }) {
    for (const line of this.root.querySelectorAll("tr.run")) {
      const state = states[line.dataset.id]
      if (state) this.fillState(line.querySelector("td.state"), state)
    }
  }

  // Choosing

  lines() {
    return [...this.root.querySelectorAll("tr.run")]
  }

  markChosen() {
    for (const line of this.lines()) {
      const chosen = this.chosen.has(line.dataset.id)
      line.setAttribute("aria-selected", String(chosen))
      line.querySelector("input").checked = chosen
    }
    const states = this.lines().map((line) => this.chosen.has(line.dataset.id))
    const all = this.find("thead input")
    all.checked = states.length > 0 && states.every(Boolean)
    all.indeterminate = states.some(Boolean) && !all.checked
  }

  reportChoice() {
    this.markChosen()
    this.ask({ kind: "choose", ids: [...this.chosen] })
  }

  chooseOnly(id) {
    this.anchor = id
    const only = this.chosen.size === 1 && this.chosen.has(id)
    this.chosen = new Set(only ? [] : [id])
    this.reportChoice()
  }

  /** Toggles one box or, with the shift key, all boxes from the last one clicked. */
  toggle(id, checked, range) {
    const ids = this.lines().map((line) => line.dataset.id)
    const [from, to] = [ids.indexOf(this.anchor), ids.indexOf(id)]
    const touched = range && from >= 0 ? ids.slice(Math.min(from, to), Math.max(from, to) + 1) : [id]
    for (const one of touched) checked ? this.chosen.add(one) : this.chosen.delete(one)
    this.anchor = id
    this.reportChoice()
  }

  chooseAll(checked) {
    for (const line of this.lines()) checked ? this.chosen.add(line.dataset.id) : this.chosen.delete(line.dataset.id)
    this.reportChoice()
  }

  // The focus stays where it was when the rows are redrawn.

  focused() {
    return this.root.getRootNode().activeElement?.dataset?.focus ?? null
  }

  focusAgain(name) {
    if (name === null) return
    const again = [...this.root.querySelectorAll("[data-focus]")].find((element) => element.dataset.focus === name)
    again?.focus({ preventScroll: true })
  }
}

export default mounted(RunTable)

// Plays a film and draws only when something changed. A subclass has `header`, `end` (the last position) and `draw()`.

import { clamp } from "./numbers.js"
import { Redrawn } from "./redraw.js"

export const TWEEN_MS = 250
const FRAME_MS = 30
const FILM_SECONDS = 10
const HOLD_SECONDS = 1
const ICONS = { play: "M8 5v14l11-7z", pause: "M6 5h4v14H6zM14 5h4v14h-4z" }

export class Player extends Redrawn {
  constructor(root, sized) {
    super(root, sized)
    this.position = this.hold = 0
    this.playing = false
    this.visible = true
    this.from = null
    this.since = -Infinity
    this.onVisibility = () => this.wake()
    document.addEventListener("visibilitychange", this.onVisibility)
    this.find(".play").onclick = () => this.setPlaying(!this.playing)
    this.find(".scrub").oninput = (event) => {
      this.setPlaying(false)
      this.moveTo(Number(event.target.value))
    }
  }

  close() {
    super.close()
    document.removeEventListener("visibilitychange", this.onVisibility)
  }

  /** Whether the user prefers reduced motion. */
  still() {
    return window.matchMedia("(prefers-reduced-motion: reduce)").matches
  }

  setPlaying(playing) {
    if (playing && this.position >= this.end) this.position = 0
    this.playing = playing
    this.hold = 0
    this.find(".play .icon").setAttribute("d", playing ? ICONS.pause : ICONS.play)
    this.find(".play").setAttribute("aria-label", playing ? "Pause" : "Play")
    this.wake()
  }

  moveTo(position) {
    this.position = clamp(position, 0, this.end)
    this.from = null
    this.wake()
  }

  /** Requests one drawing; while nothing moves and nothing was requested, nothing runs. */
  wake() {
    if (document.hidden || !this.visible) {
      cancelAnimationFrame(this.requested)
      this.requested = 0
    } else if (!this.requested && this.header) {
      this.last = null
      this.requested = requestAnimationFrame((now) => this.tick(now))
    }
  }

  tick(now) {
    const passed = this.last === null ? 0 : now - this.last
    if (this.last === null || passed >= FRAME_MS) {
      this.last = now
      if (this.playing) this.advance(Math.min(passed, 200) / 1000)
      this.draw()
    }
    const moving = this.playing || performance.now() - this.since < TWEEN_MS + FRAME_MS
    this.requested = moving ? requestAnimationFrame((then) => this.tick(then)) : 0
  }

  advance(seconds) {
    const speed = Number(this.find(".speed")?.value ?? 1)
    this.position = Math.min(this.end, this.position + (seconds * speed * this.end) / FILM_SECONDS)
    if (this.position < this.end) return
    this.hold += seconds
    if (!this.find(".loop input").checked) this.setPlaying(false)
    else if (this.hold > HOLD_SECONDS) this.position = this.hold = 0
  }
}

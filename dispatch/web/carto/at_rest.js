/** Whether a map has drawn everything that it knows of: what a canvas cannot tell a test or a screen reader. */

/**
 * Keeps `data-idle` on the map's element: "true" while no move is under way, nothing is being fetched and no frame is due.
 */
export class AtRest {
  // The map's own first picture is the first thing to be waited for.
  #awaited = 1;

  /** @param {import("maplibre-gl").Map} map */
  constructor(map) {
    this.map = map;
    for (const event of /** @type {const} */ (["movestart", "dataloading", "render"])) map.on(event, () => this.#say(false));
    map.on("idle", () => this.#say(this.#awaited === 0));
  }

  /** The first picture is described: from now on the map may come to rest. */
  ready() {
    this.#awaited -= 1;
    this.map.triggerRepaint();
  }

  /**
   * No rest before this has ended.
   *
   * @param {Promise<void>} work
   */
  async after(work) {
    this.#awaited += 1;
    await work;
    this.ready();
  }

  /** @param {boolean} idle */
  #say(idle) {
    this.map.getContainer().dataset.idle = String(idle);
  }
}

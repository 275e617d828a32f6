package io.earshot.bench;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One load that servers are put under, and what of it is shown first.
 *
 * <p>Immutable.
 *
 * @param name its short name; of a curve, all points have the same
 * @param at where on the curve it is; 0 if it is none
 * @param about what it asks
 * @param transport the door
 * @param crowd who is there
 * @param talk what is said; null if nobody speaks, and memory is what is measured
 * @param shown the figure that a chart shows
 * @param settings what Earshot is told besides, as KEY=VALUE
 * @param eventLoops how many cores the server may use
 */
record Cell(
    String name,
    double at,
    String about,
    Transport transport,
    Crowd crowd,
    @Nullable Talk talk,
    Figure shown,
    List<String> settings,
    int eventLoops) {

  Cell(
      String name,
      String about,
      Transport transport,
      Crowd crowd,
      @Nullable Talk talk,
      Figure shown) {
    this(name, 0, about, transport, crowd, talk, shown, List.of(), 1);
  }

  /** The same with other times, where there is talk. */
  Cell lasting(double warm, double seconds) {
    return talk == null ? this : with(crowd, talk.lasting(warm, seconds));
  }

  /** The same with another crowd, as a quick look takes. */
  Cell with(Crowd other, @Nullable Talk otherTalk) {
    return new Cell(name, at, about, transport, other, otherTalk, shown, settings, eventLoops);
  }

  /** Whether it is a point of a curve. */
  boolean isPoint() {
    return at > 0;
  }

  /** How it is called while it runs. */
  String title() {
    return isPoint() ? name + " " + Axis.shown(at) : name;
  }
}

package io.earshot.bench.cell;

import io.earshot.bench.metric.Metric;
import io.earshot.bench.metric.ShortNumber;
import io.earshot.bench.work.Population;
import io.earshot.bench.work.Transport;
import io.earshot.bench.work.Work;
import java.util.List;

/**
 * One load for servers: a cell of the table of results.
 *
 * <p>Immutable.
 *
 * @param name the short name; all points of a curve have the same
 * @param at the point of the curve; 0 if the load is not a curve
 * @param about a description
 * @param transport the transport of all clients
 * @param population the clients and their rooms
 * @param work what the clients do
 * @param shown the metric that charts show
 * @param reference the name of the server that others are compared with
 * @param settings more settings of Earshot, as KEY=VALUE
 * @param eventLoops how many event loops and cores the server gets
 */
public record Cell(
    String name,
    double at,
    String about,
    Transport transport,
    Population population,
    Work work,
    Metric shown,
    String reference,
    List<String> settings,
    int eventLoops) {

  /** A cell for one event loop, without settings. */
  Cell(
      String name,
      String about,
      Transport transport,
      Population population,
      Work work,
      Metric shown,
      String reference) {
    this(name, 0, about, transport, population, work, shown, reference, List.of(), 1);
  }

  /** The same load with other times. */
  public Cell lasting(double warm, double seconds) {
    return with(population, work.lasting(warm, seconds));
  }

  /** The same load with other clients and other work. */
  public Cell with(Population other, Work otherWork) {
    return new Cell(
        name, at, about, transport, other, otherWork, shown, reference, settings, eventLoops);
  }

  /** Whether this is a point of a curve. */
  boolean isPoint() {
    return at > 0;
  }

  /** The name in progress messages. */
  public String title() {
    return isPoint() ? name + " " + ShortNumber.of(at) : name;
  }
}

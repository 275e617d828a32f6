package io.earshot.bench.cell;

import io.earshot.bench.load.Population;
import io.earshot.bench.load.Traffic;
import io.earshot.bench.load.Transport;
import io.earshot.bench.metric.Metric;
import io.earshot.bench.metric.ShortNumber;
import java.util.List;
import org.jspecify.annotations.Nullable;

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
 * @param traffic the messages; null if none are sent, to measure memory
 * @param shown the metric that charts show
 * @param settings more settings of Earshot, as KEY=VALUE
 * @param eventLoops how many event loops and cores the server gets
 */
public record Cell(
    String name,
    double at,
    String about,
    Transport transport,
    Population population,
    @Nullable Traffic traffic,
    Metric shown,
    List<String> settings,
    int eventLoops) {

  public Cell(
      String name,
      String about,
      Transport transport,
      Population population,
      @Nullable Traffic traffic,
      Metric shown) {
    this(name, 0, about, transport, population, traffic, shown, List.of(), 1);
  }

  /** The same load with other times, if messages are sent. */
  public Cell lasting(double warm, double seconds) {
    return traffic == null ? this : with(population, traffic.lasting(warm, seconds));
  }

  /** The same load with other clients and messages. */
  public Cell with(Population other, @Nullable Traffic otherTalk) {
    return new Cell(name, at, about, transport, other, otherTalk, shown, settings, eventLoops);
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

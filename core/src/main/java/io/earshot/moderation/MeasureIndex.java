package io.earshot.moderation;

import io.earshot.AddressRange;
import io.earshot.Target;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Bans, or mutes, by their targets. A lookup takes one step for the id of a client, one for each of
 * its attributes, and one for each prefix length that any range has had.
 *
 * <p>Thread-safe: concurrent collections.
 */
public final class MeasureIndex {
  private final MeasureMap<Target> all = new MeasureMap<>();

  /** The prefix lengths of all ranges so far. */
  private final List<Length> lengths = new CopyOnWriteArrayList<>();

  /** A prefix length, of addresses with a number of bytes. */
  private record Length(int bytes, int bits) {
    static Length of(AddressRange range) {
      return new Length(range.start().getAddress().length, range.bits());
    }
  }

  boolean isEmpty() {
    return all.isEmpty();
  }

  void add(Target target, TimedMeasure measure) {
    if (target instanceof Target.Address(AddressRange range)
        && !lengths.contains(Length.of(range))) {
      lengths.add(Length.of(range));
    }
    all.add(target, measure);
  }

  void remove(Target target, TimedMeasure measure) {
    all.remove(target, measure);
  }

  /**
   * Finds a measure against a client.
   *
   * @param holds the condition that the measure must meet
   * @return the measure, or null if there is none
   */
  @Nullable TimedMeasure find(
      String id,
      SocketAddress from,
      Map<String, String> attributes,
      Predicate<TimedMeasure> holds) {
    TimedMeasure found = find(new Target.Id(id), holds);
    if (found == null) {
      for (Map.Entry<String, String> each : attributes.entrySet()) {
        found = found == null ? find(attribute(each.getKey(), each.getValue()), holds) : found;
      }
    }
    InetAddress address = found != null || lengths.isEmpty() ? null : address(from);
    if (address != null) {
      int bytes = address.getAddress().length;
      for (Length each : lengths) {
        if (found == null && each.bytes == bytes) {
          found = find(new Target.Address(AddressRange.of(address, each.bits)), holds);
        }
      }
    }
    return found;
  }

  private @Nullable TimedMeasure find(@Nullable Target target, Predicate<TimedMeasure> holds) {
    if (target != null) {
      for (TimedMeasure each : all.of(target)) {
        if (holds.test(each)) {
          return each;
        }
      }
    }
    return null;
  }

  /** The attribute as a target; null if it is too long for one, as server code may set it. */
  private static @Nullable Target attribute(String name, String value) {
    boolean isTarget =
        !name.isEmpty()
            && !value.isEmpty()
            && name.length() <= Target.LONGEST
            && value.length() <= Target.LONGEST;
    return isTarget ? new Target.Attribute(name, value) : null;
  }

  private static @Nullable InetAddress address(SocketAddress from) {
    if (from instanceof InetSocketAddress socket && socket.getAddress() != null) {
      InetAddress address = socket.getAddress();
      return AddressRange.of(address, address.getAddress().length * Byte.SIZE).start();
    }
    return null;
  }

  /** Whether an address lies in a range. */
  public static boolean isIn(AddressRange range, SocketAddress from) {
    InetAddress address = address(from);
    return address != null && range.contains(address);
  }
}

package io.earshot.moderation;

import io.earshot.AddressRange;
import io.earshot.Measure;
import io.earshot.Target;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Measures of one kind by whom they are against: one look for an id, one for each attribute, and
 * one for each length of a range that was ever banned.
 *
 * <p>Thread-safe: concurrent maps.
 */
public final class MeasureIndex {
  private final Map<Target, List<Measure>> all = new ConcurrentHashMap<>();

  /** How many bits ranges have, of addresses of how many bytes. */
  private final List<Length> lengths = new CopyOnWriteArrayList<>();

  private record Length(int bytes, int bits) {
    static Length of(AddressRange range) {
      return new Length(range.start().getAddress().length, range.bits());
    }
  }

  boolean isEmpty() {
    return all.isEmpty();
  }

  void add(Target target, Measure measure) {
    if (target instanceof Target.Address(AddressRange range)
        && !lengths.contains(Length.of(range))) {
      lengths.add(Length.of(range));
    }
    all.merge(target, List.of(measure), MeasureIndex::both);
  }

  private static List<Measure> both(List<Measure> some, List<Measure> more) {
    var both = new ArrayList<Measure>(some);
    both.addAll(more);
    return List.copyOf(both);
  }

  void remove(Target target, Measure measure) {
    all.computeIfPresent(
        target,
        (_, some) -> {
          List<Measure> rest = some.stream().filter(each -> !each.equals(measure)).toList();
          return rest.isEmpty() ? null : rest;
        });
  }

  /** One that somebody is meant by, and that a condition is true of; null for none. */
  @Nullable Measure find(
      String id, SocketAddress from, Map<String, String> attributes, Predicate<Measure> holds) {
    Measure found = find(new Target.Id(id), holds);
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

  private @Nullable Measure find(@Nullable Target target, Predicate<Measure> holds) {
    if (target != null) {
      for (Measure each : all.getOrDefault(target, List.of())) {
        if (holds.test(each)) {
          return each;
        }
      }
    }
    return null;
  }

  /** An attribute that may be a target's; server code sets longer ones too. */
  private static @Nullable Target attribute(String name, String value) {
    boolean isOne =
        !name.isEmpty()
            && !value.isEmpty()
            && name.length() <= Target.LONGEST
            && value.length() <= Target.LONGEST;
    return isOne ? new Target.Attribute(name, value) : null;
  }

  private static @Nullable InetAddress address(SocketAddress from) {
    if (from instanceof InetSocketAddress socket && socket.getAddress() != null) {
      InetAddress address = socket.getAddress();
      return AddressRange.of(address, address.getAddress().length * Byte.SIZE).start();
    }
    return null;
  }

  /** Whether an address is one of a range. */
  public static boolean isIn(AddressRange range, SocketAddress from) {
    InetAddress address = address(from);
    return address != null && range.contains(address);
  }
}

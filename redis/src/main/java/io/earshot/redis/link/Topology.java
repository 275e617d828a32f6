package io.earshot.redis.link;

import io.lettuce.core.cluster.SlotHash;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The masters of a Redis Cluster, and which of them has which slot, as some of the nodes see it.
 * Where the nodes disagree, the master with the higher configuration epoch has the slot, as between
 * the nodes themselves: a node that was away still believes in the past.
 *
 * <p>Immutable after {@link #of}.
 */
public final class Topology {
  /** By their ids. */
  private final Map<String, Node> masters;

  /** For each slot the id of its master. */
  private final @Nullable String[] owners;

  private Topology(Map<String, Node> masters, @Nullable String[] owners) {
    this.masters = masters;
    this.owners = owners;
  }

  /**
   * The answer of a node to {@code CLUSTER NODES}.
   *
   * @param askedHost the host that the node was reached by, for a node that does not know its own
   * @param text the answer
   */
  public record View(String askedHost, String text) {}

  /** A line of an answer: a node with an address. */
  private record Line(Node node, boolean isMaster, long epoch, List<String> slots) {
    private static final int FIRST_SLOT = 8;

    static @Nullable Line parse(String text, String askedHost) {
      String[] words = text.split(" ", -1);
      if (words.length < FIRST_SLOT) {
        return null;
      }
      List<String> flags = List.of(words[2].split(","));
      String[] place = words[1].split(",", -1);
      String address = place[0].replaceFirst("@.*", "");
      int colon = address.lastIndexOf(':');
      if (colon < 0 || flags.contains("noaddr") || flags.contains("handshake")) {
        return null;
      }
      String host = colon == 0 ? askedHost : address.substring(0, colon);
      int port = Integer.parseInt(address.substring(colon + 1));
      String hostname = place.length > 1 && !place[1].contains("=") ? place[1] : "";
      // A slot in brackets is under way to or from another node, and still has its owner.
      List<String> slots =
          Arrays.stream(words, FIRST_SLOT, words.length)
              .filter(each -> !each.startsWith("["))
              .toList();
      return new Line(
          new Node(words[0], host, port, hostname),
          flags.contains("master"),
          Long.parseLong(words[6]),
          slots);
    }
  }

  /** The topology that the views show together. */
  public static Topology of(List<View> views) {
    Map<String, Line> newest = new HashMap<>();
    var owners = new @Nullable String[SlotHash.SLOT_COUNT];
    var epochs = new long[SlotHash.SLOT_COUNT];
    Arrays.fill(epochs, -1);
    for (View view : views) {
      for (String text : view.text().split("\n", -1)) {
        Line line = Line.parse(text.strip(), view.askedHost());
        if (line != null) {
          newest.merge(line.node.id(), line, (a, b) -> b.epoch > a.epoch ? b : a);
          if (line.isMaster) {
            claim(line, owners, epochs);
          }
        }
      }
    }
    Set<String> owning = new HashSet<>(Arrays.asList(owners));
    Map<String, Node> masters = new LinkedHashMap<>();
    newest.forEach(
        (id, line) -> {
          if (line.isMaster || owning.contains(id)) {
            masters.put(id, line.node);
          }
        });
    return new Topology(masters, owners);
  }

  private static void claim(Line line, @Nullable String[] owners, long[] epochs) {
    for (String range : line.slots) {
      String[] ends = range.split("-", 2);
      int last = Integer.parseInt(ends[ends.length - 1]);
      for (int slot = Integer.parseInt(ends[0]); slot <= last; slot++) {
        if (line.epoch > epochs[slot]) {
          epochs[slot] = line.epoch;
          owners[slot] = line.node.id();
        }
      }
    }
  }

  /** The masters, those without slots too: a slot may be under way to one. */
  public Collection<Node> masters() {
    return masters.values();
  }

  /** How many slots have no master. */
  public int missingSlots() {
    return (int) Arrays.stream(owners).filter(Objects::isNull).count();
  }

  /** The id of the master that has a slot; null if none has. */
  public @Nullable String owner(int slot) {
    return owners[slot];
  }
}

package io.earshot.redis.link;

import io.lettuce.core.cluster.SlotHash;
import java.util.BitSet;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The link for each key and channel: the only link, or in a Redis Cluster that of the slot's
 * master.
 *
 * <p>Immutable.
 *
 * @param links all links
 * @param bySlot the link for each slot; null for a single server
 */
@SuppressWarnings("ArrayRecordComponent") // never compared, and not changed
public record Routes(List<NodeLink> links, @Nullable NodeLink @Nullable [] bySlot) {

  /** Before any server is known. */
  public static final Routes NONE =
      new Routes(List.of(), new @Nullable NodeLink[SlotHash.SLOT_COUNT]);

  /** The routes to a single server. */
  public static Routes single(NodeLink link) {
    return new Routes(List.of(link), null);
  }

  /** The link for a key or channel; null if its slot has no master. */
  public @Nullable NodeLink link(String name) {
    return bySlot == null ? links.getFirst() : bySlot[SlotHash.getSlot(name)];
  }

  /** Keys of one group are on one server, and one command may name them all. */
  public int group(String key) {
    return bySlot == null ? 0 : SlotHash.getSlot(key);
  }

  /** The link to the node that a redirection names; null if there is none. */
  public @Nullable NodeLink link(Redirection to) {
    for (NodeLink each : links) {
      if (each.node().isAt(to.host(), to.port())) {
        return each;
      }
    }
    return null;
  }

  /** The keys and channels that a link is for. */
  public Predicate<String> names(NodeLink link) {
    return name -> link(name) == link;
  }

  /** The keys and channels of some slots. */
  public static Predicate<String> names(BitSet slots) {
    return name -> slots.get(SlotHash.getSlot(name));
  }

  /** Whether the link has a slot. */
  public boolean isUsed(NodeLink link) {
    if (bySlot == null) {
      return true;
    }
    for (NodeLink each : bySlot) {
      if (each == link) {
        return true;
      }
    }
    return false;
  }
}

package io.earshot.room;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The members of a room in the order in which they joined: an array with holes where members left,
 * which is compacted when it is full.
 *
 * <p>Owned by the room's event loop.
 */
public final class Roster {
  private @Nullable Member[] members = new Member[2];
  private int end;
  private int size;

  int size() {
    return size;
  }

  void add(Member member) {
    if (end == members.length) {
      compact();
    }
    member.rank = end;
    members[end++] = member;
    size++;
  }

  /** Gives a member's place in the order to another. */
  void replace(Member member, Member other) {
    other.rank = member.rank;
    members[member.rank] = other;
  }

  void remove(Member member) {
    members[member.rank] = null;
    size--;
  }

  /** Removes the holes, and resizes the array to twice its members. */
  private void compact() {
    @Nullable Member[] from = members;
    members = new Member[Math.max(2, size * 2)];
    int to = 0;
    for (int i = 0; i < end; i++) {
      Member member = from[i];
      if (member != null) {
        member.rank = to;
        members[to++] = member;
      }
    }
    end = to;
  }

  public @Nullable Member withId(String id) {
    for (int i = 0; i < end; i++) {
      Member member = members[i];
      if (member != null && member.connection.hasId(id)) {
        return member;
      }
    }
    return null;
  }

  public void forEach(Consumer<Member> each) {
    for (Member member : Arrays.asList(members).subList(0, end)) {
      if (member != null) {
        each.accept(member);
      }
    }
  }

  public List<String> ids() {
    var ids = new ArrayList<String>(size);
    forEach(member -> ids.add(member.connection.id()));
    return ids;
  }
}

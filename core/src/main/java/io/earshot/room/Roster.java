package io.earshot.room;

import io.earshot.Connection;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.PresentUser;
import io.earshot.protocol.User;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The members of a room in the order in which they joined: an array with holes where members left,
 * which is compacted when it is full. It also has the connections that become members when they are
 * announced; whoever asks for the members sees them already.
 *
 * <p>Owned by the room's event loop.
 */
public final class Roster {
  private @Nullable Member[] members = new Member[2];
  private int end;
  private int size;

  /** The connections that are not announced yet; null if there are none. */
  private @Nullable Set<Member> expected;

  /** How many members each user has, by the user's id; null if no member has a user. */
  private @Nullable Map<String, Integer> users;

  /** What whoever asked last was told of the members; null if none asked since they changed. */
  private @Nullable Known known;

  /** The ids of the members, and their users in the order of the users' ids; both immutable. */
  private record Known(List<String> ids, List<PresentUser> users) {}

  public int size() {
    return size;
  }

  void add(Member member) {
    if (end == members.length) {
      compact();
    }
    member.rank = end;
    members[end++] = member;
    size++;
    known = null;
    count(member.user, 1);
  }

  /** Makes a member another user's. */
  public void identify(Member member, @Nullable User user) {
    count(member.user, -1);
    member.user = user;
    count(user, 1);
    known = null;
  }

  private void count(@Nullable User user, int by) {
    if (user == null) {
      return;
    }
    if (users == null) {
      users = new HashMap<>();
    }
    if (users.merge(user.id(), by, Integer::sum) == 0) {
      users.remove(user.id());
      if (users.isEmpty()) {
        users = null;
      }
    }
  }

  /** How many members a user has; 0 for no user. */
  int connections(@Nullable User user) {
    return user == null || users == null ? 0 : users.getOrDefault(user.id(), 0);
  }

  /** Gives a member's place in the order to another. */
  void replace(Member member, Member other) {
    other.rank = member.rank;
    members[member.rank] = other;
    known = null;
  }

  void remove(Member member) {
    members[member.rank] = null;
    size--;
    count(member.user, -1);
    known = null;
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

  /** Adds a connection that becomes a member when it is announced. */
  void expect(Member member) {
    member.isUnannounced = true;
    if (expected == null) {
      expected = new LinkedHashSet<>();
    }
    expected.add(member);
  }

  /** A connection is announced, or has left before that. */
  void expectNoLonger(Member member) {
    member.isUnannounced = false;
    if (expected != null && expected.remove(member) && expected.isEmpty()) {
      expected = null;
    }
  }

  /** The connections that are not announced yet. */
  public List<Connection> expected() {
    return expected == null
        ? List.of()
        : expected.stream().map(member -> (Connection) member.connection).toList();
  }

  /**
   * The members, and the connections that are not announced yet.
   *
   * @param users all users among them, in the order of their ids
   * @param end the end of the room's order; null if the room has had no message
   */
  record Members(List<String> ids, List<PresentUser> users, @Nullable Cursor end) {}

  /** Many may ask about a large room: the lists are made once after each change. */
  Members members(Cursor end) {
    Known all = known();
    return expected == null
        ? new Members(all.ids, all.users, end)
        : new Members(withExpected(all.ids), usersWithExpected(all.users), end);
  }

  private Known known() {
    if (known == null) {
      var ids = new ArrayList<String>(size);
      var present = new ArrayList<PresentUser>();
      forEach(
          member -> {
            ids.add(member.connection.id());
            addUser(member.user, member.connection.id(), present);
          });
      known = new Known(List.copyOf(ids), PresentUser.collect(present.stream()));
    }
    return known;
  }

  private List<String> withExpected(List<String> ids) {
    return Stream.concat(ids.stream(), expected().stream().map(Connection::id)).toList();
  }

  private List<PresentUser> usersWithExpected(List<PresentUser> present) {
    var all = new ArrayList<>(present);
    expected().forEach(connection -> addUser(connection.user(), connection.id(), all));
    return PresentUser.collect(all.stream());
  }

  private static void addUser(@Nullable User user, String member, List<PresentUser> to) {
    if (user != null) {
      to.add(new PresentUser(user, member));
    }
  }
}

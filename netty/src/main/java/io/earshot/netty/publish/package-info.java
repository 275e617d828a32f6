/** Messages of back ends to many rooms, presence in many rooms, and the description of the API. */
@NullMarked
package io.earshot.netty.publish;

import org.jspecify.annotations.NullMarked;

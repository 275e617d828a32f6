# Publishes a message and prints its place: EARSHOT_URL=… EARSHOT_KEY=… ruby publish.rb ROOM TEXT KEY
require 'json'
require 'net/http'

room, text, key = ARGV
answer = Net::HTTP.post(
  URI("#{ENV.fetch('EARSHOT_URL')}/admin/publish"),
  { messages: [{ room: room, message: text }] }.to_json,
  'Authorization' => "Bearer #{ENV.fetch('EARSHOT_KEY')}",
  'Content-Type' => 'application/json',
  'Idempotency-Key' => key
)
abort answer.body unless answer.code == '200'
place = JSON.parse(answer.body)['results'].first
puts "#{place['room']} #{place['epoch']}:#{place['offset']}"

"""What people say that is no wake word: sentences and single words of every sound and length."""

from typing import Final

SENTENCES: Final = (
    "Turn on the light in the kitchen, please.",
    "What time is it in Lisbon right now?",
    "Set a timer for twenty five minutes.",
    "Could you close the blinds in the bedroom?",
    "I think we should leave before it gets dark.",
    "She bought seven oranges and a loaf of bread.",
    "The train to Manchester leaves from platform nine.",
    "Have you seen my glasses anywhere?",
    "It rained all weekend, so we stayed inside.",
    "My brother works at the hospital on Tuesdays.",
    "Add butter, milk and eggs to the shopping list.",
    "Can I have a large cup of tea with lemon?",
    "The neighbours are having a party again.",
    "Please remind me to call the dentist tomorrow.",
    "That film was much longer than I expected.",
    "He never answers when I call him at work.",
    "There is a strange noise coming from the garage.",
    "We usually have dinner at about half past six.",
    "Dim the lamps in the living room to ten percent.",
    "Who left the window open in the bathroom?",
    "I would like two tickets for the evening show.",
    "The dog next door barks at every bicycle.",
    "Put the suitcase in the hall behind the door.",
    "How far is it from here to the nearest beach?",
    "Our flight has been delayed by three hours.",
    "You can find the recipe on the second page.",
    "Make it a little warmer in the office.",
    "Grandma sent us a postcard from Greece.",
    "Is the washing machine still running?",
    "The meeting was moved to Thursday afternoon.",
    "I forgot my umbrella on the bus this morning.",
    "Could somebody please feed the cat?",
    "They painted the fence bright yellow.",
    "Play some quiet music while we eat.",
    "The doctor said it would heal in a fortnight.",
    "Where did you park the car last night?",
    "Switch everything off when you leave.",
    "A small coffee with oat milk, to go.",
    "Did the postman bring a parcel for me?",
    "The garden looks wonderful in the autumn.",
    "He plays the violin in a local orchestra.",
    "Just a moment, I am on the phone.",
    "Volume up a bit, I can hardly hear it.",
    "Their daughter studies chemistry in Vienna.",
    "No, the other one, next to the fridge.",
    "We ran out of toothpaste and soap.",
    "It costs eleven dollars and ninety cents.",
    "Nobody told me that the shop was closed.",
    "Lock the front door and start the alarm.",
    "The children built a castle out of boxes.",
    "Yes, that sounds like a very good idea.",
    "What is the weather going to be like on Sunday?",
    "I am looking for a present for my uncle.",
    "Stop the music and turn down the heating.",
    "She always sings when she is in the shower.",
    "Do you want to watch the football later?",
    "The bridge was built in eighteen ninety four.",
    "Let me know when you are ready to go.",
    "Open the curtains and brew some coffee.",
    "This soup needs more salt and pepper.",
    "My phone battery is almost empty.",
    "The museum is free on the first of the month.",
    "Increase the brightness of the desk lamp.",
    "Are there any messages from the school?",
    "I dropped the keys somewhere in the snow.",
    "You should have told me about it sooner.",
    "Twelve, thirteen, fourteen, fifteen, sixteen.",
    "The president gave a speech about the economy.",
    "Scientists have discovered a new kind of frog.",
    "And now the news from around the world.",
    "In the second half they scored three goals.",
    "Thank you very much for calling, goodbye.",
    "Pause the vacuum cleaner for ten minutes.",
    "Is anybody home? I brought some cake.",
    "The recipe says to wait until it has cooled.",
    "He hurt his ankle while playing basketball.",
    "Which of these jackets do you prefer?",
    "We are going to visit my parents at Easter.",
    "How many grams are there in an ounce?",
    "The old clock in the hallway stopped again.",
    "Excuse me, is this seat taken?",
    "Cancel the alarm for Saturday morning.",
    "I have been waiting here since a quarter to five.",
    "Somebody is ringing the doorbell.",
    "The boat crossed the harbour without a sound.",
    "Can you spell that for me, please?",
    "She wore a velvet dress and silver shoes.",
    "Turn the fan in the nursery to medium.",
    "There were more than a hundred people there.",
    "Honestly, I could not care less about it.",
    "Oh wow, look at that enormous spider!",
    "Mix the flour with sugar and a pinch of salt.",
    "Go straight on and take the third left.",
    "They have lived in Canada for about ten years.",
    "I need a new charger for the tablet.",
    "The judge asked the witness another question.",
    "Most of the apples had already fallen.",
    "Do not forget to water the plants on the balcony.",
    "My favourite colour is somewhere between blue and green.",
    "What on earth are you doing up there?",
)

WORDS: Final = (
    "about above accident across action actor address adventure after afternoon again agent airport album alarm "
    "alaska almost alone already always amazon ambulance america anchor ancient angel animal anna another answer "
    "apartment apple april arctic area argument arm army arrow article artist ask asleep atlas attic auction august "
    "aunt author autumn available avenue avocado awake bacon badger bakery balcony balloon banana bandit barber "
    "barrel basket bathroom battery beautiful because bedroom before begin behind believe belong beside better "
    "bicycle billion bishop blanket blossom border borrow bottle bottom brilliant broken brother bucket buffalo "
    "building burger business butter button cabbage cabin calendar camera campus canada candle canyon captain carbon "
    "career carpet carrot castle catalogue cattle caution ceiling center certain chairman champion channel chapter "
    "charlie chest chicken children chimney china chocolate church cinema circle citizen city classic clever climate "
    "clinic closer cloud coach coconut coffee collar college colour comfort comic commuter company compare competitor "
    "complete compose compute concert conductor confuse connect consider contact container continue control cookie "
    "copper corner correct cotton couch counter country courage cousin cover cricket critic crowd crystal culture "
    "curtain customer daddy damage dancer danger daughter december decide degree delay deliver dentist deputy "
    "detective develop diamond dictionary different dinner direct discuss doctor dollar double dragon drawer driver "
    "during eagle early easter easy echo editor effort eight elbow electric elephant elevator eleven emma empire "
    "energy engine english enjoy enough enter equal escape europe even evening every exam example excite exit expert "
    "explain extra factory famous fantastic farmer father favour february fellow fence fever fifteen figure finger "
    "finish fireman flavour flower follow football forest forever forget forty forward fountain fourteen freedom "
    "friday friend frozen funny furniture future galaxy gallery garage garden garlic gather general gentle georgia "
    "giant ginger giraffe glasses golden gorilla gospel government grammar grandma guitar habit hammer handle happen "
    "happy harbour harvest hazard heaven hello helmet herbal hero hidden history holiday honest honey horizon "
    "hospital hotel hour hundred hungry husband idea ignore imagine important impossible improve income india infant "
    "insect inside instant interview invite iron island item jacket jaguar january jasper java jealous jelly jersey "
    "jewel job jogging journal journey joyful judge juice july jumper jungle junior justice kangaroo keeper kettle "
    "kidney kitchen kitten knowledge ladder language lantern laptop later laundry lavender lawyer leader leather "
    "lecture lemon letter library licence limit listen little living local london lottery lovely lucky luggage "
    "machine magazine magic manager mango manner marble march margin market marvel master matter maximum meadow "
    "measure medicine medium member memory message metal method mexico middle midnight million mineral minister "
    "minute mirror mission mistake modern moment monday money monkey monster month morning mosquito mother motor "
    "mountain movie museum mushroom music mustard mystery napkin narrow nation nature nearly necklace needle neighbour "
    "nephew nervous network never newspaper nickel nobody normal notebook nothing november number nursery object "
    "ocean october office often olive onion open opera orange orchestra order oregon organ other outside oven owner "
    "oxygen package painter palace pancake panda panel panic paper parade parcel pardon parent parrot partner "
    "passenger pattern payment peanut pencil penguin people pepper perfect perhaps person photo piano picnic picture "
    "pillow pilot pirate pizza planet plastic player pleasure pocket poem police polite popcorn popular potato powder "
    "power practice prepare present president pretty prince printer prison prize problem professor program promise "
    "proper protect public pumpkin puppet purple puzzle quality quarter question quickly quiet rabbit radio railway "
    "rainbow random rather reason recipe record refuse regular remember repeat reporter rescue result return ribbon "
    "river robot rocket royal rubber safety salad salmon sample sandwich saturday sausage saxophone scatter school "
    "science scissors scooter season second secret senator september serious service seven several shadow shampoo "
    "sheriff shoulder silence silver simple singer sister sixteen sketch slowly smart soccer sofa soldier somebody "
    "sorry spider spirit squirrel stadium station status steady sticker stomach story strawberry student studio "
    "subject suburb success sudden sugar suitcase summer sunday supper surface surprise sweater symbol system table "
    "tailor talent target teacher telephone television temple tender tennis terrible texas theatre thirsty thousand "
    "thunder thursday ticket tiger timber tobacco today together tomato tomorrow tongue tonight toothbrush total "
    "tourist tower traffic travel treasure trouble trumpet tuesday tunnel turkey twelve twenty umbrella uncle under "
    "uniform union unit universe until upstairs useful user vacation valley value vanilla vehicle velvet venture "
    "victor video village violin virus visit volume voyage waiter walnut wander warrior water weather wednesday "
    "welcome western whisper widow wild window winter wisdom within without wizard woman wonder workshop world "
    "writer yellow yesterday yogurt young zebra zero yes no okay hey stop go up down left right on off one two three "
    "four five six nine ten cat dog bed bird house tree sheila backward learn visual marvin wow happy"
).split()
